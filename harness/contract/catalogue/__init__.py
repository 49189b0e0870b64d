"""The clauses of the contract as data, a module an area; `contract.clauses` puts them together."""
