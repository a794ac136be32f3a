"""Where a Report goes: nbgrader's gradebook and feedback pages."""
