"""Proof: journals sealed into a hash chain, 公示 notices with a Merkle root, proofs for anyone."""
