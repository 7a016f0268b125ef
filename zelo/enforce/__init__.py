"""What decisions do here: labels, visibility of content, and taking an effect back."""
