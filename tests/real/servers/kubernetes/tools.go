//go:build tools

// Package tools names what is built here, so that go.mod and go.sum pin it.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
)
