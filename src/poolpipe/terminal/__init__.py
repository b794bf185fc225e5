"""Boards, progress and messages that people read on the terminal, in Chinese and English."""
