"""The checks of the baseline level: what gives a pod power over its node."""

from collections.abc import Callable
from typing import Any

from sandbox.kubeapi.pod_security.pods import Finding, Pod, Spec, context_of, count_and_quote, quote, setters

_CAPABILITIES = {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
                 "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}  # fmt: skip
_SELINUX_TYPES = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
_SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
}  # fmt: skip
SECCOMP_TYPES = ("Localhost", "RuntimeDefault")
_ARMOR_NOTE = "container.apparmor.security.beta.kubernetes.io/"


def _names(pod: Pod, is_wrong: Callable[[Spec], Any]) -> list[str]:
    return [one["name"] for one in pod.containers if is_wrong(one)]


def app_armor(pod: Pod) -> Finding | None:
    def wrong(context: Spec) -> str:
        kind = (context.get("appArmorProfile") or {}).get("type", "")
        return kind if kind not in ("", "RuntimeDefault", "Localhost") else ""

    named = _names(pod, lambda one: wrong(context_of(one)))
    values = {wrong(pod.context), *(wrong(context_of(one)) for one in pod.containers)} - {""}
    notes = sorted(f'{key}="{value}"' for key, value in pod.annotations.items() if _is_wrong_armor(key, value))
    if not values and not notes:
        return None
    who = setters(bool(wrong(pod.context)), named)
    if notes:
        who = " and ".join([*([who] if who else []), "annotation" if len(notes) == 1 else "annotations"])
    listed = [*sorted(values), *notes]
    reason = "forbidden AppArmor profile" + ("" if len(listed) == 1 else "s")
    return Finding(reason, f"{who} must not set AppArmor profile type to {quote(listed)}")


def _is_wrong_armor(key: str, value: str) -> bool:
    allowed = value in ("", "runtime/default") or value.startswith("localhost/")
    return key.startswith(_ARMOR_NOTE) and not allowed


def added_capabilities(container: Spec, allowed: set[str]) -> list[str]:
    added = (context_of(container).get("capabilities") or {}).get("add") or ()
    return [one for one in added if one not in allowed]


def capabilities(pod: Pod) -> Finding | None:
    named = _names(pod, lambda one: added_capabilities(one, _CAPABILITIES))
    if not named:
        return None
    added = sorted({name for one in pod.containers for name in added_capabilities(one, _CAPABILITIES)})
    told = f"must not include {quote(added)} in securityContext.capabilities.add"
    return Finding("non-default capabilities", f"{count_and_quote('container', named)} {told}")


def host_namespaces(pod: Pod) -> Finding | None:
    shared = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if pod.spec.get(name)]
    return Finding("host namespaces", ", ".join(shared)) if shared else None


def host_paths(pod: Pod) -> Finding | None:
    named = [one["name"] for one in pod.spec.get("volumes") or () if one.get("hostPath") is not None]
    return Finding("hostPath volumes", count_and_quote("volume", named)) if named else None


def _host_ports(container: Spec) -> list[str]:
    return [str(port["hostPort"]) for port in container.get("ports") or () if port.get("hostPort")]


def host_ports(pod: Pod) -> Finding | None:
    named = _names(pod, _host_ports)
    if not named:
        return None
    ports = sorted({port for one in pod.containers for port in _host_ports(one)})
    verb, noun = "uses" if len(named) == 1 else "use", "hostPort" if len(ports) == 1 else "hostPorts"
    return Finding("hostPort", f"{count_and_quote('container', named)} {verb} {noun} {', '.join(ports)}")


def _probe_hosts(container: Spec) -> list[str]:
    handlers = [container.get(name) or {} for name in ("livenessProbe", "readinessProbe", "startupProbe")]
    handlers += [(container.get("lifecycle") or {}).get(name) or {} for name in ("postStart", "preStop")]
    actions = [handler.get(name) or {} for handler in handlers for name in ("httpGet", "tcpSocket")]
    return [action["host"] for action in actions if action.get("host")]


def probe_hosts(pod: Pod) -> Finding | None:
    named = sorted(_names(pod, _probe_hosts))
    if not named:
        return None
    hosts = sorted({host for one in pod.containers for host in _probe_hosts(one)})
    verb = "uses" if len(named) == 1 else "use"
    told = f"{count_and_quote('container', named)} {verb} {count_and_quote('probe or lifecycle host', hosts)}"
    return Finding("probe or lifecycle host", told)


def privileged_containers(pod: Pod) -> Finding | None:
    named = _names(pod, lambda one: context_of(one).get("privileged"))
    told = "must not set securityContext.privileged=true"
    return Finding("privileged", f"{count_and_quote('container', named)} {told}") if named else None


def proc_mount(pod: Pod) -> Finding | None:
    def mount(container: Spec) -> str:
        kind: str = context_of(container).get("procMount") or "Default"
        return "" if kind == "Default" else kind

    named = _names(pod, mount)
    if not named:
        return None
    kinds = sorted({mount(one) for one in pod.containers} - {""})
    return Finding(
        "procMount", f"{count_and_quote('container', named)} must not set securityContext.procMount to {quote(kinds)}"
    )


def proc_mount_relaxed(pod: Pod) -> Finding | None:
    return None if pod.has_own_users else proc_mount(pod)


def selinux(pod: Pod) -> Finding | None:
    def options(context: Spec) -> Spec:
        return context.get("seLinuxOptions") or {}

    def is_wrong(given: Spec) -> bool:
        return bool(given.get("type", "") not in _SELINUX_TYPES or given.get("user") or given.get("role"))

    named = _names(pod, lambda one: is_wrong(options(context_of(one))))
    every = [options(pod.context), *(options(context_of(one)) for one in pod.containers)]
    if not any(map(is_wrong, every)):
        return None
    types = sorted({one.get("type", "") for one in every} - _SELINUX_TYPES)
    told = [count_and_quote("type", types)] if types else []
    told += [f"{name} may not be set" for name in ("user", "role") if any(one.get(name) for one in every)]
    who = setters(is_wrong(every[0]), named)
    return Finding("seLinuxOptions", f"{who} set forbidden securityContext.seLinuxOptions: {'; '.join(told)}")


def seccomp(pod: Pod) -> Finding | None:
    def wrong(context: Spec) -> str:
        profile = context.get("seccompProfile")
        kind: str = (profile or {}).get("type", "")
        return "" if profile is None or kind in SECCOMP_TYPES else kind

    named = _names(pod, lambda one: wrong(context_of(one)))
    pod_sets = bool(wrong(pod.context))
    if not named and not pod_sets:
        return None
    kinds = sorted({wrong(pod.context), *(wrong(context_of(one)) for one in pod.containers)} - {""})
    told = f"must not set securityContext.seccompProfile.type to {quote(kinds)}"
    return Finding("seccompProfile", f"{setters(pod_sets, named)} {told}")


def sysctls(pod: Pod) -> Finding | None:
    named = [one["name"] for one in pod.context.get("sysctls") or () if one["name"] not in _SYSCTLS]
    return Finding("forbidden sysctls", ", ".join(named)) if named else None


def windows_host_process(pod: Pod) -> Finding | None:
    def is_host(context: Spec) -> bool:
        return bool((context.get("windowsOptions") or {}).get("hostProcess"))

    named = _names(pod, lambda one: is_host(context_of(one)))
    if not named and not is_host(pod.context):
        return None
    told = "must not set securityContext.windowsOptions.hostProcess=true"
    return Finding("hostProcess", f"{setters(is_host(pod.context), named)} {told}")
