"""The record of a suite run, and everything that is rendered from it.

`results.jsonl` is the truth (record, writer, reader, verdict); JUnit, the HTML page and the
terminal view are pure renderings of the same lines. Imports `harness.contract` and
`harness.history` only.
"""
