"""Figures and tables that people read: as one HTML page, as JSON beside it, as PDF where Chromium is."""
