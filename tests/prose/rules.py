"""Rules of plain English that a machine can check, as checks of proselint.

`WORDS` looks for words anywhere in prose, `SENTENCES` looks at how a sentence begins. Each rule
says what to write instead. Each rule has sentences that it must find and sentences that it must
leave alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from proselint.registry.checks import Check, CheckFlags, CheckResult, types
from proselint.registry.checks.engine import Fancy, RegexOptions

from .sentences import WORD, sentences
from .text import DOCUMENTED, FRAGMENT, FUNCTION

MOST_WORDS = 30
"""Largest number of words in a sentence."""

SUBJECT = r"(?:it|they|there|nobody|nothing|no|none|one|this|that|any|all|each|both|some|a|an|the)"
WRONG_END = r"(?:None|nothing|none|empty|zero|unknown|\w*Error|\d+|False|True|-|infinity|inf)"
LISTENER = r"(?:person|students?|teacher|user|grader|marker|kernel|worker|proof|tests?)\b"
PLACE = r"(?:folders?|files?|notebooks?|course|zip|places?|archives?|cells?|package|caches?)"
DONE = r"(?:\w+ed|done|made|run|read|written|taken|sent|kept|shown|given|put|drawn)"
PARTICIPLE = (
    r"(?:(?!Need|Speed|Seed|Feed|Embed|Red|Bed|Breed|Weed|Deed|Indeed|Shed|Sled)[A-Z][a-z]+ed"
    r"|Written|Given|Taken|Drawn|Shown|Known|Left|Kept|Lost|Made|Found|Done|Meant|Put|Cut|Sent"
    r"|Held|Built|Bound|Hidden|Broken|Chosen|Forgotten|Told|Said)"
)


class Rule(NamedTuple):
    """Forbidden words, the words to write instead, and examples of right and wrong sentences."""

    name: str
    pattern: str
    instead: str
    wrong: str
    right: str


WORDS = (
    Rule(
        "anew",
        r"\b(?:anew|afresh)\b",
        "again",
        "Students see it anew.",
        "Students see it again.",
    ),
    Rule(
        "amid",
        r"\bamid(?:st)?\b",
        "during, in the middle of",
        "It kills the run amid it.",
        "It kills the run half-way.",
    ),
    Rule(
        "be-it",
        r"\bbe (?:it|they) ",
        "even, whether",
        "Count each line, be it empty.",
        "Count each line, even if it is empty. It may be it.",
    ),
    Rule(
        "mend",
        r"\bmend(?:s|ed|ing)?\b",
        "fix",
        "Only that function has to be mended.",
        "Only that function needs fixing; I recommend it.",
    ),
    Rule(
        "so-many",
        r"\b(?:so (?:many|much)|as many as that)\b(?!\s+(?:that|as|so))",
        "N, the number of, this many; or name the argument",
        "Keep so many copies.",
        "There are so many that it stops, and not so many as before.",
    ),
    Rule(
        "tells",
        r"(?<!can )(?<!can't )(?<!cannot )(?<!could )\b(?:tells?|told|telling)\s+"
        r"(?:of|by|once|what|which|whether|how|when|where|why|in|for|the(?! " + LISTENER + r"))\b"
        r"|\b(?:is|are|was|were|be|been)\s+(?:\w+\s+)?told\b(?!\s+(?:apart|from|to\b))",
        "say, show, report; tell needs a person who is told, and should have one who tells",
        "The report tells which tests failed. Passing is told.",
        "The two can be told apart. Tell your students. Only a person can tell why.",
    ),
    Rule(
        "nobodys",
        r"\bnobody's\b",
        "unknown, not anyone's",
        "Two of one name are nobody's.",
        "Nobody marks twice.",
    ),
    Rule(
        "is-no",
        r"\b(?:(?<!there )(?<!there\s)(?:is|are|was|were)|(?:will|can|may|would|could|must) be)\s+"
        r"no\b(?!\s+(?:more|less|fewer|(?:long|larg|small|great|high|low|bett|earli|lat|old|fast|slow|short|wid)er\b))",
        "is not a …",
        "The answer is no number.",
        "There is no number, and it is no longer than before.",
    ),
    Rule(
        "is-none",
        r"\b(?:it|that|this|they|he|she|which|what|who|one|answer|file|argument)\s+"
        r"(?:is|are|was|were) (?-i:none)\b(?! of\b)",
        "is not one",
        "Returns the array, or nothing if it is none.",
        "There is none, and if there were none it would say so.",
    ),
    Rule(
        "taken-for",
        r"\b(?:take[ns]?|took|taking)\s+(?!off |away |out )(?:\w+\s+)?"
        r"(?:for (?!granted|ever|each|every|all|more|less|longer|\d)"
        r"|as (?!long|many|much|soon|well|a whole))",
        "is used as, is treated as, is mistaken for",
        "A file may be taken for an answer.",
        "It was taken for granted, takes as long as before, and no points are taken off for it.",
    ),
    Rule(
        "stands-in",
        r"\b(?:stands?|stood)\s+(?:in(?! for)|on(?! (?:its|their) own)|at|under|beside|behind"
        r"|before|there|where|below|above|after|between|outside|inside|among|alone|near|over|here)\b",
        "is in, is beside, …",
        "The name stands in the notebook.",
        "It stands for the loss; a stand-in is given; it can stand in for one.",
    ),
    Rule(
        "lies-in",
        r"\b(?:lies?|lay|lying)\s+(?:at|beside|behind|there|where|here|about|around|before"
        r"|(?:in|under) (?:its|their|the|a|another|this|that) (?:\w+ )?" + PLACE + r")\b",
        "is in, is beside, …",
        "The file lies beside the notebook.",
        "The point lies between the two, and in the square.",
    ),
    Rule(
        "bears-out",
        r"\b(?:bears?|bearing|bore|borne)\s+(?:(?:it|this|that|them)\s+)?out\b",
        "confirms",
        "Steps that your code bears out.",
        "It can bear more, and polar bears go out.",
    ),
    Rule(
        "in-the-place-of",
        r"\bin (?:the|its|their|his|her) places? of\b"
        r"|\b(?:takes?|took|taking) (?:the|its|their) place\b",
        "instead of; replaces",
        "Put yours in the place of the line. It takes its place.",
        "It is in the place that you named, instead of there.",
    ),
    Rule(
        "where-for-if",
        r"\b" + WRONG_END + r"\b`?,?\s+where\s+(?!to\b)" + SUBJECT + r"\b"
        r"|(?:\b(?:also|even|only|except|but|just|not|nor)|;)\s+where\s+" + SUBJECT + r"\b"
        r"|\bwhere\s+(?:there\s+(?:is|are|was|were)|nobody|nothing|none|no one)\b"
        r"|\bwhere\s+(?:it|they|that|this|one)\s+(?:is|are|was|were|has|have|had|can|does|do|did)\s+"
        r"(?:none|not?|nothing|missing|known|right|wrong|malformed)\b"
        r"|(?<!, )\bwhere\s+(?:\w+\s+){1,4}?(?:fails?|failed|lacks?|lacked|can't|cannot|couldn't"
        r"|doesn't|(?:could|did|does|do|may|must|is|are|was|were|has|have|can|would)\s+(?:not|no|never)"
        r"|(?:is|are|was|were)\s+(?:missing|wrong|malformed|unknown|empty|late|full|damaged))\b",
        "if, when",
        "Return the curve; None where it is none. It stops where the proof fails.",
        "Show where the time went, and where the points are. The report says where it stopped.",
    ),
    Rule(
        "have-it-done",
        r"\b(?:has|have|had|having)\s+(?:it|them|him|her|everything|something|anything)\s+"
        + DONE
        + r"\b",
        "do it; name what does it",
        "Its forks have it done.",
        "We have it, and it has done all.",
    ),
    Rule(
        "but-for",
        r"\bbut for\b(?!\s+(?:now|each|every|the (?:first|last|same) (?:time|reason)))"
        r"|\bnone but\b|\bno (?:\w+ ){1,2}but\b(?! (?:also|not))",
        "except, only",
        "All is bounded but for rendering.",
        "It is not for marks but also for hints.",
    ),
    Rule(
        "says-of",
        r"\b(?:speaks?|spoke|spoken|says?|said|knows?|knew|known)\s+of\b(?!\s+(?:course|all))",
        "says about, mentions, knows",
        "The README speaks of three notebooks.",
        "It says, of course, nothing about them.",
    ),
    Rule(
        "of-whom",
        r"\bof whom\b|\bwhat of\b|\bof what (?:they are|it is)\b",
        "say the relation: made from, that belongs to",
        "Fingerprints of what they are of. What of the pages could act.",
        "A copy of what was recorded.",
    ),
    Rule(
        "passed-over",
        r"\bpass(?:es|ed|ing)?\s+over\b",
        "skip",
        "The folder is passed over.",
        "It is passed to the worker over a pipe.",
    ),
    Rule(
        "in-sight",
        r"\b(?:in|out of) sight\b",
        "visible, inside the axes; hidden",
        "The point is out of sight.",
        "Nothing is insight.",
    ),
    Rule(
        "old-words",
        r"\b(?:whence|wherein|therein|thereof|therefrom|whereof|thereby|whereupon|hitherto|lest|ere|nought"
        r"|naught|aught|upon|whilst|amongst|shall|inasmuch|insofar|albeit|heretofore|for want of"
        r"|by and by|in so far|none other|the like)\b",
        "an everyday word",
        "It depends upon the seed. It has a lock, lest it differ.",
        "It depends on the seed.",
    ),
    Rule(
        "put-back",
        r"\bputs?\s+(?:\w+\s+){0,4}?back\b|\bis gone\b|\bare gone\b|\bwas gone\b|\bhas gone\b",
        "restore; is missing, was removed, has ended",
        "It puts the last copy back. The file is gone.",
        "It restores the copy; a backup is kept.",
    ),
    Rule(
        "comes-of",
        r"\b(?:comes?|came) of\b|\b(?:to|may|can) be had\b",
        "results from, is the result of; is available",
        "No error comes of it. The text is not to be had.",
        "It comes from there; it had to be so.",
    ),
)


class Form(NamedTuple):
    """A forbidden beginning of a sentence, the words to write instead, and examples."""

    name: str
    pattern: str
    instead: str
    wrong: str
    right: str
    mark: str = ""
    """The mark that must come before the sentence; empty allows any mark except a fragment's."""


SENTENCES = (
    Form(
        "opens-with-what",
        r"(?:What|Whom?|Whose|Whoever|Which)\b(?!.*[?:]\W*$)",
        "subject first: name the thing, then the verb; in a function's docstring Return …",
        "Who could not be marked is listed. What is not set stays.",
        "What is wrong? Submissions that could not be marked are listed. What to do next:",
    ),
    Form(
        "opens-with-participle",
        r"(?:Not )?" + PARTICIPLE + r" (?:is|are|was|were|has|have|by .* (?:is|are))\b(?!.*\?\W*$)",
        "subject first, verb second",
        "Filled are the fields.",
        "The fields are filled. Hidden tests are modules. Need is clear.",
    ),
    Form(
        "opens-with-where",
        r"Where\b[^?]*,(?!.*\?\W*$)",
        "If …, (where is for places)",
        "Where all is lost, bonus points are lost too.",
        "Where is it, then? If all is lost, bonus points are lost too.",
    ),
    Form(
        "opens-with-have",
        r"Have\b(?!.*\?\W*$)",
        "do X, make X do Y, let X do Y",
        "Have all files in a folder reach the disk.",
        "Flush all files. Have you saved it?",
    ),
    Form(
        "opens-with-that-of",
        r"(?:That|Those|Ones?|None|Such|Some|Both)\s+(?:of|that|which|who|whose|in|with|from|by)\b"
        r"(?!\s+(?:the|these|those|them|its|their|your)\b)",
        "name the thing",
        "Those that no test notices.",
        "Mutants that no test notices. One of the tests fails.",
    ),
    Form(
        "constant-opens-with",
        r"(?:How|Where|When|If|Whether|For|From|In|With|Without|Of|By|As|At|On|To|So|But|That|These|This"
        r"|They|It|Those|Not|None|No|Till|Until|Only|Stands)\b",
        "a whole noun phrase with its unit: Number of …, Seconds to …",
        "How many copies are kept.",
        "Number of recent copies to keep.",
        DOCUMENTED,
    ),
    Form(
        "function-opens-with",
        r"(?:How|Where|When|If|Whether|For|From|In|With|Without|Of|By|As|At|On|To|So|But|That|These|They"
        r"|It|Those|Not|None|No|All|Each|Every|Its|Their|Two|Three|One|Both|Some|Nothing"
        r"|\w*Error)\b",
        "an imperative: Return …, Mark …",
        "Whether the answer is right.",
        "Return whether the answer is right.",
        FUNCTION,
    ),
)


class Opening(NamedTuple):
    """A check of how sentences begin."""

    form: Form

    def check(self, text: str, check: Check) -> Iterator[CheckResult]:
        """Yield the sentences that begin with forbidden words."""
        pattern = re.compile(self.form.pattern, re.DOTALL)
        for sentence in sentences(text):
            is_meant = sentence.mark == self.form.mark or not self.form.mark
            if is_meant and sentence.mark != FRAGMENT and pattern.match(sentence.text):
                yield CheckResult(check.path, check.message, sentence.span, None)


class Length(NamedTuple):
    """A check of how many words sentences have."""

    most: int

    def check(self, text: str, check: Check) -> Iterator[CheckResult]:
        """Yield the sentences that have more words than allowed."""
        for sentence in sentences(text):
            count = len(WORD.findall(sentence.text))
            if count > self.most and sentence.mark != FRAGMENT:
                yield CheckResult(
                    check.path, f"{count} words; {check.message}", sentence.span, None
                )


ANY_CASE = Fancy(RegexOptions(case_insensitive=True))

QUOTED = CheckFlags(allow_quotes=True)
"""Quoted texts are checked, too: most are messages of the kit."""

CHECKS = (
    *(
        Check(types.ExistenceSimple(rule.pattern), ANY_CASE, rule.name, rule.instead, QUOTED)
        for rule in WORDS
    ),
    *(Check(Opening(form), ANY_CASE, form.name, form.instead, QUOTED) for form in SENTENCES),
    Check(Length(MOST_WORDS), ANY_CASE, "long-sentence", f"at most {MOST_WORDS}: split it", QUOTED),
)
