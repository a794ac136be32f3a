"""Write the class report: one page for instructors on a class's results and misconceptions."""

from autograder.pages.classreport.write import write_class_report

__all__ = ["write_class_report"]
