"""Steps and plans that the operations of several apps share; each app hands in what is its own."""
