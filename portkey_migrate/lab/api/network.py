"""What the server refuses about Services, Ingresses and EndpointSlices, in its own words (real/ C)."""

from __future__ import annotations

from portkey_migrate.lab.api.message import Cause, missing, unsupported, wrong
from portkey_migrate.lab.store import Object
from portkey_migrate.lab.truth import held

FACTS = (
    held("a Service gets an address", "tests/contract/test_workloads.py::test_a_service_gets_an_address_and_port_defaults"),
    held("it needs ports", "tests/contract/test_workloads.py::test_a_service_needs_ports"),
    held("an Ingress's path is judged", "tests/contract/test_workloads.py::test_an_ingress_path_is_judged"),
    held("an EndpointSlice gets conditions", "tests/real/regressions/a-slices-endpoints-have-conditions.yaml"),
)


def service_faults(obj: Object, old: Object | None) -> list[Cause]:
    spec, out = obj.get("spec") or {}, []
    if not spec.get("ports") and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
        out.append(missing("spec.ports"))
    for n, port in enumerate(spec.get("ports") or ()):
        if not isinstance(port.get("port"), int) or not 0 < port["port"] <= 65535:  # noqa: PLR2004 - ports end there
            out.append(wrong(f"spec.ports[{n}].port", port.get("port"), "must be between 1 and 65535, inclusive"))
        if isinstance(port.get("targetPort"), int) and not 0 < port["targetPort"] <= 65535:  # noqa: PLR2004 - as above
            out.append(wrong(f"spec.ports[{n}].targetPort", port["targetPort"], "must be between 1 and 65535, inclusive"))
        if len(spec["ports"]) > 1 and not port.get("name"):
            out.append(missing(f"spec.ports[{n}].name"))
    if spec.get("type") == "ExternalName" and not spec.get("externalName"):
        out.append(missing("spec.externalName"))
    if spec.get("type") == "ExternalName" and (spec.get("clusterIP") or spec.get("clusterIPs")):
        out.append(Cause("FieldValueForbidden", "spec.clusterIPs", "Forbidden: may not be set for ExternalName services"))
    if spec.get("type") not in ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"):
        out.append(unsupported("spec.type", spec.get("type"), ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")))
    if old is not None and old["spec"].get("clusterIP") and spec.get("type") != "ExternalName" and spec.get("clusterIP") != old["spec"]["clusterIP"]:
        out.append(wrong("spec.clusterIPs[0]", [spec.get("clusterIP", "")], "may not change once set"))
    return out


def ingress_faults(obj: Object, _old: Object | None) -> list[Cause]:
    spec, out = obj.get("spec") or {}, []
    if not spec.get("rules") and not spec.get("defaultBackend"):
        out.append(wrong("spec", None, "either `defaultBackend` or `rules` must be specified"))
    for n, rule in enumerate(spec.get("rules") or ()):
        paths = (rule.get("http") or {}).get("paths") or []
        if "http" in rule and not paths:
            out.append(missing(f"spec.rules[{n}].http.paths"))
        for m, one in enumerate(paths):
            out += _path_faults(f"spec.rules[{n}].http.paths[{m}]", one)
    return out


def _path_faults(at: str, one: Object) -> list[Cause]:
    out, kind, path = [], one.get("pathType"), one.get("path", "")
    if not kind:
        out.append(missing(f"{at}.pathType", "pathType must be specified"))
    elif kind not in ("Exact", "Prefix", "ImplementationSpecific"):
        out.append(unsupported(f"{at}.pathType", kind, ("Exact", "ImplementationSpecific", "Prefix")))
    elif not path.startswith("/") and (path or kind != "ImplementationSpecific"):
        out.append(wrong(f"{at}.path", path, "must be an absolute path"))
    elif kind != "ImplementationSpecific":
        out += [wrong(f"{at}.path", path, f"must not contain '{no}'") for no in ("//", "/./", "/../", "%2f", "%2F") if no in path]
    backend = one.get("backend") or {}
    service = backend.get("service") or {}
    if "resource" not in backend:
        if not service.get("name"):
            out.append(
                missing(f"{at}.backend", "name is required")
                if "service" in backend
                else wrong(f"{at}.backend", "", "resource or service backend is required")
            )
        elif not (service.get("port") or {}).get("name") and not (service.get("port") or {}).get("number"):
            out.append(missing(f"{at}.backend", "port name or number is required"))
    return out


def slice_faults(obj: Object, old: Object | None) -> list[Cause]:
    known = ("FQDN", "IPv4", "IPv6")
    if old is not None and old.get("addressType") != obj.get("addressType"):
        return [wrong("addressType", obj.get("addressType"), "field is immutable")]
    if not obj.get("addressType"):
        return [missing("addressType")]
    out = [] if obj["addressType"] in known else [unsupported("addressType", obj["addressType"], known)]
    return out + [
        missing(f"endpoints[{n}].addresses", "must contain at least 1 address")
        for n, one in enumerate(obj.get("endpoints") or ())
        if not one.get("addresses")
    ]
