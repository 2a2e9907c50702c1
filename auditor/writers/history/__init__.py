"""What histories say, written as text and as JSON."""
