"""The Kubernetes API as HTTP semantics, without a socket: a request in, a response or a watch out (real/ C has each text and code)."""
