"""Argo CD, as measured (real/ A): Git, the comparison with it, operations, self-heal, and the ApplicationSets that own Applications."""

NAMESPACE = "argocd"
TRACKING = "argocd.argoproj.io/tracking-id"
OPTIONS = "argocd.argoproj.io/sync-options"
REFRESH = "argocd.argoproj.io/refresh"
FINALIZER = "resources-finalizer.argocd.argoproj.io"
