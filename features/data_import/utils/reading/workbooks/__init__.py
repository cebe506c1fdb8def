"""Workbooks, their sheets and cells: xlsx, xls, xlsb and ods."""
