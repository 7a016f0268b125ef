"""What a policy would have done over history: counted, compared with another version, judged by what came after."""
