"""What people read on the terminal: boards as tables, the console that draws them, progress, messages in Chinese and English."""
