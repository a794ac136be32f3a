/**
 * Types of the messages in autograder/desk/messages.py. A test compares the names of all fields.
 *
 * @typedef {object} RubricStep
 * @property {string} id
 * @property {number} points
 * @property {string} text
 * @property {readonly unknown[]} [evidence]
 *
 * @typedef {object} Shown
 * @property {string} id
 * @property {string} marker
 * @property {string} time
 * @property {readonly string[] | null} ticks
 * @property {number} adjustment
 * @property {string} reason
 * @property {string} comment
 * @property {boolean} flagged
 * @property {number} points
 * @property {string} cause
 *
 * @typedef {"" | "first" | "second" | "other"} Role
 *
 * @typedef {object} QueueEntry
 * @property {string} id
 * @property {string} state
 * @property {string} item
 * @property {string} person
 * @property {string} name
 * @property {number} shuffled
 * @property {number} similar
 * @property {string} group
 * @property {boolean} blank
 * @property {boolean} open
 * @property {number | null} points
 * @property {boolean} flagged
 * @property {boolean} changed
 * @property {boolean} typed
 * @property {boolean} differs
 * @property {string} marker
 * @property {string | null} time
 * @property {Role} role
 *
 * @typedef {object} Remark
 * @property {string} text
 * @property {number} count
 *
 * @typedef {object} ItemView
 * @property {string} name
 * @property {string} title
 * @property {string} problem
 * @property {number} max_points
 * @property {boolean} bonus
 * @property {string} question
 * @property {string} model
 * @property {string} rubric
 * @property {string} rubric_by
 * @property {readonly RubricStep[]} steps
 * @property {readonly Remark[]} remarks
 * @property {boolean} source_changed
 *
 * @typedef {object} Progress
 * @property {number} answers
 * @property {number} open
 * @property {number} flagged
 * @property {Record<string, number>} by_marker
 * @property {number | null} pace
 *
 * @typedef {object} Queue
 * @property {string} homework
 * @property {string} title
 * @property {string} marker
 * @property {readonly ItemView[]} items
 * @property {readonly QueueEntry[]} answers
 * @property {Record<string, Progress>} progress
 *
 * @typedef {object} EvidenceView
 * @property {string} text
 * @property {"shown" | "not shown" | "not tested"} found
 *
 * @typedef {object} GradebookMark
 * @property {number | null} points
 * @property {string} comment
 * @property {boolean} open
 *
 * @typedef {object} AnswerView
 * @property {QueueEntry} entry
 * @property {string} state
 * @property {string} html
 * @property {readonly string[]} warnings
 * @property {Record<string, readonly EvidenceView[]>} evidence
 * @property {readonly string[]} suggested
 * @property {Shown | null} mark
 * @property {Shown | null} earlier
 * @property {GradebookMark | null} typed
 * @property {readonly Shown[]} differing
 * @property {readonly Shown[]} history
 *
 * @typedef {object} Given
 * @property {string} marker
 * @property {string} state
 * @property {readonly string[] | null} ticks
 * @property {string} rubric
 * @property {number} adjustment
 * @property {string} reason
 * @property {string} comment
 * @property {boolean} flagged
 *
 * @typedef {object} Change
 * @property {string} id
 * @property {number} before
 * @property {number} after
 *
 * @typedef {object} RubricChange
 * @property {string} marker
 * @property {string} rubric
 * @property {readonly RubricStep[]} steps
 * @property {boolean} apply
 *
 * @typedef {object} Conflict
 * @property {string} message
 * @property {readonly AnswerView[]} answers
 *
 * @typedef {object} Comment
 * @property {string} text
 */

export {};
