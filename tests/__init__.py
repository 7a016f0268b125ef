"""The tests of zelo: laws of the language and the engines, journeys through the commands, and the house style."""
