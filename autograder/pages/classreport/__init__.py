"""The class report: one page for instructors on how a class did, and what to explain next."""

from autograder.pages.classreport.write import write_class_report

__all__ = ["write_class_report"]
