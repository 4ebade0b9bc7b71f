"""Everything this connector says to people, in English with named places, so it can be translated.

A reason is stored filled in. The app turns it back into its template (``words_in``) to show it in
the reader's language.
"""

from __future__ import annotations

from typing import Any

from oms_connector import N_, Refused

# The file as a whole.
EMPTY = N_("The file is empty.")
TOO_BIG = N_("The file is larger than %(limit)s MB.")
UNPACKS_TOO_BIG = N_("The file unpacks to more than %(limit)s MB.")
BOMB = N_("The file unpacks to more than %(ratio)s times its size; that is no order list.")
BROKEN_ARCHIVE = N_("The archive is damaged: %(why)s")
TOO_MANY_FILES = N_("The archive has more than %(limit)s files.")
NO_SUCH_FILE = N_("The archive has no file named %(name)s; it has: %(names)s.")
WHICH_FILE = N_("The archive has several files; name the main one: %(names)s.")
NOT_THIS_FORMAT = N_("This is not a %(format)s file: %(why)s")
TOO_MANY_ROWS = N_("The file has more than %(limit)s rows.")
TOO_MANY_COLUMNS = N_("The file has more than %(limit)s columns.")
LONG_LINE = N_("Line %(row)s is longer than %(limit)s MB; perhaps the line ends are missing.")
LONG_CELL = N_("A cell after row %(row)s is longer than %(limit)s characters; perhaps a quotation "
               "mark is never closed.")
LONG_RECORD = N_("A record after row %(row)s is larger than %(limit)s MB.")
TOO_DEEP = N_("The file is nested deeper than %(limit)s levels.")
NO_SHEET = N_("The workbook has no sheet named %(name)s; it has: %(names)s.")
SHEET_TOO_BIG = N_("The workbook takes too much memory or time to open. Save it as CSV.")
SHEET_BROKEN = N_("The workbook cannot be opened: %(why)s")
NO_COLUMN = N_("The file has no column %(column)s; it has: %(columns)s.")
NO_NAMED_COLUMN = N_("The file has none of the columns %(names)s; it has: %(columns)s.")
NO_HEADER = N_("The file has no header row.")
NO_RECORDS = N_("Nothing was found at %(path)s.")

# One row or record.
ROW = N_("Row %(row)s: %(what)s")
UNDECODABLE = N_("the text is not %(encoding)s")
EXTRA_CELLS = N_("more cells than columns; perhaps a separator inside a text is not quoted")
NO_KEY = N_("the column that tells orders apart is empty")
MISSING = N_("%(field)s is empty")
NO_GOODS = N_("no SKU, offer or barcode says what was sold")
NOT_A_NUMBER = N_("%(field)s is not a number: %(text)s")
AMBIGUOUS = N_("%(field)s can be read in two ways; state the decimal sign: %(text)s")
NOT_WHOLE = N_("%(field)s is not a whole number: %(text)s")
NOT_POSITIVE = N_("%(field)s must be more than zero: %(text)s")
NEGATIVE = N_("%(field)s is below zero: %(text)s")
TOO_LARGE = N_("%(field)s is too large: %(text)s")
NOT_A_DATE = N_("%(field)s is not a date in the stated forms: %(text)s")
NOT_A_COUNTRY = N_("%(field)s is not a country we know: %(text)s")
NOT_A_CURRENCY = N_("%(field)s is not a currency: %(text)s")
NOT_A_CHOICE = N_("%(field)s must be one of %(choices)s: %(text)s")
NOT_YES_NO = N_("%(field)s is neither yes nor no: %(text)s")
NOT_IN_MAP = N_("%(field)s has a value without a translation: %(text)s")
TOO_LONG = N_("%(field)s is longer than %(limit)s characters")
LOST_DIGITS = N_("%(field)s is not a barcode with all its digits: %(text)s")
NOT_PARTS = N_("%(field)s must look like SKU:2; SKU:1, not: %(text)s")
ROWS_DISAGREE = N_("the rows of this order disagree on %(field)s: %(values)s")
NO_LINES = N_("the order has no line left: %(why)s")
NO_MATCH = N_("%(lookup)s has no row for %(key)s")
UNUSED = N_("%(lookup)s %(key)s has no rows in the main file")

# A profile.
P_SHAPE = N_("This must be %(kind)s.")
P_UNKNOWN = N_("%(name)s is not known here; known are: %(known)s.")
P_REQUIRED = N_("This is needed.")
P_ONE_OF = N_("One of these is needed: %(names)s.")
P_CHOICE = N_("Choose one of: %(known)s.")
P_ZONE = N_("There is no time zone %(name)s.")
P_DATE = N_("This is not a date form: %(form)s")
P_REASON = N_("Say why, so that the summary can.")
P_CONDITION = N_("A condition names a column and one test.")
P_SOURCE = N_("A source is a column, a constant, the first of several, a join or cases.")
P_SUM = N_("Only amounts of a whole order can be summed over its rows.")
P_DEEP = N_("This is nested too deep.")

MESSAGES: tuple[str, ...] = tuple(
    value for name, value in list(globals().items()) if name.isupper() and isinstance(value, str)
)


def say(template: str, **places: Any) -> str:
    """A template filled in. Long quotes are cut: a reason is a sentence, not a copy of the file."""
    short = {
        name: value if not isinstance(value, str) or len(value) <= 200 else value[:199] + "…"
        for name, value in places.items()
    }
    return template % short


def refusal(template: str, field: str = "", **places: Any) -> Refused:
    """A whole file that will not be read; ``field`` names the profile's field to mend."""
    return Refused(say(template, **places), "file", field)
