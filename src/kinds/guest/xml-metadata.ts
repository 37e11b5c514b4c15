import type { DomainSpec } from "../terms/spec.ts";
import { type Element, element } from "./xml-writer.ts";

/** The namespace of our label. Its number changes when a reader of the old form would misunderstand the new one. */
export const labelNamespace = "https://virtform.dev/xmlns/instance/1";
const novaNamespace = "http://openstack.org/xmlns/libvirt/nova/1.1";

/** Who owns the domain and what was last applied (ours), and Nova's own description for tools that read that (Nova XML-03). */
export function domainMetadata(spec: DomainSpec, applied: Readonly<Record<string, unknown>> | undefined): Element {
  return element("metadata", {}, [label(spec, applied), nova(spec)]);
}

function label(spec: DomainSpec, applied: Readonly<Record<string, unknown>> | undefined): Element {
  return element("virtform:instance", { "xmlns:virtform": labelNamespace }, [
    element("virtform:project", {}, spec.project),
    element("virtform:instance_name", {}, spec.instance),
    element("virtform:uuid", {}, spec.uuid),
    element("virtform:power_state", {}, spec.powerState),
    element("virtform:prevent_destroy", {}, String(spec.preventDestroy)),
    spec.rescue === undefined ? undefined : element("virtform:rescue", {}, spec.rescue),
    applied === undefined ? undefined : element("virtform:applied", {}, JSON.stringify(applied)),
  ]);
}

/** Without a creation time: the same spec shall give the same text. */
function nova(spec: DomainSpec): Element {
  const { flavor } = spec;
  const whole = (bytes: number, unit: number) => String(Math.ceil(bytes / unit));
  return element("nova:instance", { "xmlns:nova": novaNamespace }, [
    element("nova:name", {}, spec.instance),
    element("nova:flavor", { name: flavor.name }, [
      element("nova:memory", {}, whole(spec.memory, 2 ** 20)),
      element("nova:disk", {}, whole(flavor.disk, 2 ** 30)),
      element("nova:swap", {}, whole(flavor.swap, 2 ** 20)),
      element("nova:ephemeral", {}, whole(flavor.ephemeral, 2 ** 30)),
      element("nova:vcpus", {}, String(spec.vcpus)),
    ]),
    element("nova:owner", {}, [element("nova:project", {}, spec.project)]),
    spec.image === null ? undefined : element("nova:root", { type: "image", name: spec.image }),
  ]);
}
