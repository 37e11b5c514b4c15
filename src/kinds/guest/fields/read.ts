import { find, findAll, type XmlElement } from "../../../tools/xml.ts";

/** The first device of a name that has these attributes. */
export function device(domain: XmlElement, name: string, attributes: Readonly<Record<string, string>>): XmlElement | undefined {
  return findAll(find(domain, "devices"), name).find((one) => {
    for (const key in attributes) if (one.attributes[key] !== attributes[key]) return false;
    return true;
  });
}

/** The number that an attribute or a text holds; undefined when it is absent. */
export function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
