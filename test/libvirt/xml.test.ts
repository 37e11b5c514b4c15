import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { SaxesParser } from "saxes";
import { find, parseXml, textAt } from "../../src/tools/virsh-xml.ts";

interface Node {
  name: string;
  attributes: object;
  children: Node[];
  text: string;
}

/** What a general parser makes of it, in the same form. Throws when it is not well-formed. */
function reference(text: string): Node | undefined {
  const document: Node = { name: "", attributes: {}, children: [], text: "" };
  const stack = [document];
  const add = (more: string) => {
    const top = stack[stack.length - 1];
    if (top !== undefined) top.text += more;
  };
  const parser = new SaxesParser({ position: false });
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    const node: Node = { name, attributes: { ...attributes }, children: [], text: "" };
    stack[stack.length - 1]?.children.push(node);
    stack.push(node);
  });
  parser.on("closetag", () => stack.pop());
  parser.on("text", (more) => add(more.trim() === "" ? "" : more));
  parser.on("cdata", add);
  parser.write(text).close();
  return document.children[0];
}

const instance =
  '<nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">\n  <nova:name>ä 名</nova:name>\n</nova:instance>';

const wellFormed = [
  "<a/>",
  "<a></a>",
  '<?xml version="1.0" encoding="UTF-8"?>\n<!-- a > b -->\n<a/>\n',
  "<domain type='kvm' id=\"3\"><name>web &lt;1&gt; &amp; co</name></domain>",
  "<a b='x > y / z = ' c=\"it's\" d='&quot;&#10;&#x1F600;&apos;'/>",
  instance,
  "<a><!-- <b> --><b><![CDATA[<c>&amp;]]></b><?pi <d> ?></a>",
  "<a >text<b\n  c='d'\n/>more</a >",
  "<a><a><a/></a></a>",
];

const broken = [
  ...["", "text", "<a>", "</a>", "<a></b>", "<a></ab>", "<ab></a>", "<a/><b/>", "<a/>text", "<a", "<", "< a/>", "<a><b></a></b>"],
  ...["<a b/>", "<a b=c/>", "<a b='c/>", "<a b='c'", "<a ='c'/>"],
  ...["<a>&nbsp;</a>", "<a>&</a>", "<a>a & b</a>", "<a b='&x'/>", "<a>&#xFFFFFFFF;</a>", "<a><!-- </a>", "<a><![CDATA[ </a>", "<a><! </a>"],
];

test("documents are read as a general parser reads them", () => {
  for (const text of wellFormed) assert.deepEqual(parseXml(text), reference(text), text);
});

test("what libvirt really wrote is read as a general parser reads it", () => {
  const samples = new URL("samples/", import.meta.url);
  const documents = readdirSync(samples, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(`${entry.parentPath}/${entry.name}`, "utf8").trim())
    .filter((text) => text.startsWith("<"));
  assert.ok(documents.length > 0);
  for (const text of documents) assert.deepEqual(parseXml(text), reference(text));
});

test("what is not well-formed is refused, as a general parser does", () => {
  for (const text of broken) {
    assert.throws(() => reference(text), Error, text);
    assert.throws(() => parseXml(text), Error, text);
  }
});

test("a document that is cut off anywhere is refused", () => {
  for (let length = 0; length < instance.length; length += 1) {
    assert.throws(() => parseXml(instance.slice(0, length)), Error, instance.slice(0, length));
  }
});

test("elements are found by their path", () => {
  const root = parseXml("<domain><os><type arch='x86_64'> hvm </type></os></domain>");
  assert.equal(textAt(root, "os", "type"), "hvm");
  assert.equal(find(root, "os", "type")?.attributes["arch"], "x86_64");
  assert.equal(find(root, "os", "loader"), undefined);
});
