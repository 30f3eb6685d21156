"""Studio: domains, user profiles, spaces, apps and lifecycle configurations.

They are records with the API's rules: who stands in whose way at a deletion, what a name may be, which states there
are. An app is a record too: nothing runs behind it, and nothing idles.
"""
