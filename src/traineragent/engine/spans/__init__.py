"""Learning to mark parts of texts: the prepared sentences, training and validation, the export, the judgement."""
