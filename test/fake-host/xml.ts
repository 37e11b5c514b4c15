import { SaxesParser } from "saxes";

/** An element of a domain's XML, to be changed freely. */
export interface Xml {
  name: string;
  attributes: Record<string, string>;
  children: Xml[];
  text: string;
}

/** Parses a document. Throws an Error with the place when it is none. */
export function readXml(document: string): Xml {
  const parser = new SaxesParser({ position: true });
  const root: Xml = xml("");
  const stack = [root];
  const top = () => stack.at(-1) ?? root;
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", (tag) => {
    const opened = xml(tag.name, tag.attributes as Record<string, string>);
    top().children.push(opened);
    stack.push(opened);
  });
  parser.on("text", (text) => {
    top().text += text;
  });
  parser.on("cdata", (text) => {
    top().text += text;
  });
  parser.on("closetag", () => stack.pop());
  parser.write(document).close();
  const [found] = root.children;
  if (found === undefined) throw new Error("the document is empty");
  return found;
}

/** A new element; `content` is its text or its children. */
export function xml(name: string, attributes: Record<string, string> = {}, content: string | Xml[] = []): Xml {
  return { name, attributes, children: typeof content === "string" ? [] : content, text: typeof content === "string" ? content : "" };
}

/** The first child at a path of names. */
export function child(parent: Xml | undefined, ...path: string[]): Xml | undefined {
  return path.reduce<Xml | undefined>((at, name) => at?.children.find((one) => one.name === name), parent);
}

/** All children of a name. */
export function childrenOf(parent: Xml | undefined, name: string): Xml[] {
  return parent?.children.filter((one) => one.name === name) ?? [];
}

/** Another element that is equal. */
export function copyXml(one: Xml): Xml {
  return { ...one, attributes: { ...one.attributes }, children: one.children.map(copyXml) };
}

/** As libvirt prints it: two spaces a level, attributes in single quotes, ending in a line end. Foreign metadata, which libvirt leaves in double quotes, is no exception here: to a reader of XML it is the same. */
export function printXml({ name, attributes, children, text }: Xml, indent = ""): string {
  let printed = `${indent}<${name}`;
  for (const [key, value] of Object.entries(attributes)) printed += ` ${key}='${escaped(value)}'`;
  if (children.length === 0) return text.trim() === "" ? `${printed}/>\n` : `${printed}>${escaped(text)}</${name}>\n`;
  printed += ">\n";
  for (const one of children) printed += printXml(one, `${indent}  `);
  return `${printed}${indent}</${name}>\n`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&apos;",
  '"': "&quot;",
  "\n": "&#10;",
  "\r": "&#13;",
  "\t": "&#9;",
};

function escaped(text: string): string {
  // Most texts need nothing.
  if (!/[&<>'"\n\r\t]/.test(text)) return text;
  return text.replaceAll(/[&<>'"\n\r\t]/g, (character) => entities[character] ?? character);
}
