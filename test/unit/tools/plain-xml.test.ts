import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parsePlainXml } from "../../../src/tools/plain-xml.ts";
import { parseAnyXml, parseXml, type XmlElement } from "../../../src/tools/xml.ts";
import { sampleNamed } from "./libvirt/rpc/samples.ts";

/** Documents of a real libvirtd. */
const documents = ["domainXml", "managedSaveXml", "secretXml", "capabilities"].map((name) => {
  const { reply } = sampleNamed(name);
  return reply.subarray(32, 32 + reply.readUInt32BE(28)).toString("utf8");
});

const plain = (element: XmlElement): unknown => ({
  name: element.name,
  attributes: Object.entries(element.attributes),
  text: element.text,
  children: element.children.map(plain),
});

test("documents of libvirt are plain, and read as a complete parser reads them", () => {
  for (const document of [...documents, readFileSync(new URL("libvirt/samples/capabilities.xml", import.meta.url), "utf8")]) {
    const read = parsePlainXml(document);
    assert.ok(read !== undefined, document.slice(0, 100));
    assert.deepEqual(plain(read), plain(parseAnyXml(document)));
  }
});

test("everything else is left to the complete parser", () => {
  for (const document of [
    "",
    "text",
    "<a>",
    "<a></b>",
    "<a/><b/>",
    "<a/>text",
    "<a b='1' b='2'/>",
    "<a b='1'c='2'/>",
    "<a b=1/>",
    "<a b/>",
    "<a b='<'/>",
    "<a b='\t'/>",
    "<a __proto__='x'/>",
    "<a>&#65;</a>",
    "<a>&unknown;</a>",
    "<a>& b</a>",
    "<a>]]></a>",
    "<a>\u0001</a>",
    "<a>\r\n</a>",
    "<a>\u{1f600}</a>",
    "<!-- c --><a/>",
    "<?xml version='1.0'?><a/>",
    "<a><![CDATA[x]]></a>",
    "<ä/>",
  ])
    assert.equal(parsePlainXml(document), undefined, document);
  assert.equal(parseXml("<a><![CDATA[<x>]]>&#65;</a>").text, "<x>A");
  assert.throws(() => parseXml("<a></b>"), /malformed/);
});

test("text and attributes: entities once, quotes of both kinds, nested names alike", () => {
  const document = `<a b='&lt;"&amp;amp;' c="it's">x &gt; <a>y</a>z<a.b:c-d/></a>\n`;
  const read = parsePlainXml(document);
  assert.deepEqual(read && plain(read), plain(parseAnyXml(document)));
  assert.equal(read?.attributes["b"], '<"&amp;');
});

test("a damaged document is never read differently than by the complete parser", () => {
  let state = 5;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const pieces = [
    "<",
    ">",
    "/",
    "'",
    '"',
    "&",
    ";",
    "&lt;",
    "=",
    " ",
    "\n",
    "<a>",
    "</a>",
    "<a/>",
    "<!--",
    "-->",
    "]]>",
    "<?",
    "x",
    ":",
    "\t",
  ];
  let read = 0;
  for (let round = 0; round < 4000; round += 1) {
    const [document = ""] = [documents[random(3)]];
    const at = random(document.length);
    const damaged = document.slice(0, at) + (pieces[random(pieces.length)] ?? "") + document.slice(at + random(4));
    const found = parsePlainXml(damaged);
    if (found === undefined) continue;
    read += 1;
    assert.deepEqual(plain(found), plain(parseAnyXml(damaged)), damaged);
  }
  assert.ok(read > 500, `${read} of the damaged documents are still documents`);
});
