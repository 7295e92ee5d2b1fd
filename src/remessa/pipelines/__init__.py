"""What each pipeline does with a file: pure functions from a source to an outcome.

Nothing here may import boto3, botocore or Powertools (import-linter checks it).
"""
