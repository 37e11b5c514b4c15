import { find, type XmlElement } from "../../tools/xml.ts";
import { add, at, type Draft } from "./draft.ts";

/** The namespace of our label. Its number changes when a reader of the old form would misunderstand the new one. */
export const labelNamespace = "https://virtform.dev/xmlns/instance/1";
const novaNamespace = "http://openstack.org/xmlns/libvirt/nova/1.1";

/** Our label in a document that is being written: the owner, and what was last applied. Created where it is missing. */
export function labelOf(domain: Draft): Draft {
  return section(domain, "virtform", labelNamespace);
}

/** Nova's own description, for tools that read it (Nova XML-03). Created where it is missing. */
export function novaOf(domain: Draft): Draft {
  return section(domain, "nova", novaNamespace);
}

/** Our label in a document, as we write it; undefined when there is none. */
export function findLabel(domain: XmlElement): XmlElement | undefined {
  return find(domain, "metadata")?.children.find(({ attributes }) => attributes["xmlns:virtform"] === labelNamespace);
}

/** Nova's description in a document; undefined when there is none. */
export function findNova(domain: XmlElement): XmlElement | undefined {
  return find(domain, "metadata", "nova:instance");
}

function section(domain: Draft, prefix: string, namespace: string): Draft {
  const metadata = at(domain, "metadata");
  const name = `${prefix}:instance`;
  return metadata.children.find((child) => child.name === name) ?? add(metadata, name, { [`xmlns:${prefix}`]: namespace });
}
