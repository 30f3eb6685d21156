"""What the API promises: limits, statuses, bodies and offers, and the documents that tell of them.

The function behind the API, API Gateway's settings, the OpenAPI document and the tests read it here. Standard library
only; the functions load `rules`, `rows` and `offers` alone.
"""
