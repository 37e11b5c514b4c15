import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { CodedError } from "../../../src/model/errors.ts";
import { guestCapabilities } from "../../../src/tools/libvirt/guest-capabilities.ts";
import { parsePlainXml } from "../../../src/tools/plain-xml.ts";
import { alikeXmlParser, parseAnyXml, parseXml, type XmlElement } from "../../../src/tools/xml.ts";
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
    for (const found of [parsePlainXml(damaged), parsePlainXml(damaged, parsePlainXml(document))]) {
      if (found === undefined) continue;
      read += 1;
      assert.deepEqual(plain(found), plain(parseAnyXml(damaged)), damaged);
    }
  }
  assert.ok(read > 1000, `${read} of the damaged documents are still documents`);
});

test("documents that are read one after the other are what each is alone, and share what is written alike", () => {
  const parse = alikeXmlParser();
  const one = parse("<d>\n <a x='1'/>\n <b>t</b>\n <c> <e/></c>\n</d>");
  const two = parse("<d>\n <a x='2'/>\n <b>t</b>\n <c> <e/>u</c><b>t</b>\n</d>");
  assert.equal(two.children[1], one.children[1]);
  assert.equal(two.children[2]?.children[0], one.children[2]?.children[0]);
  assert.notEqual(two.children[2], one.children[2]);
  assert.deepEqual(plain(two), plain(parseAnyXml("<d>\n <a x='2'/>\n <b>t</b>\n <c> <e/>u</c><b>t</b>\n</d>")));
  assert.throws(() => parse("<d>\n <a x='2'/>\n <b>t</b>"), /malformed/);
  assert.deepEqual(plain(parse("<d><b>t</b>u</d>")), plain(parseAnyXml("<d><b>t</b>u</d>")));

  const [document = ""] = documents;
  const whole = /\n( +)<(\w+)[^>]*>(?:[^<]*<\/\2>|[\s\S]*?\n\1<\/\2>)?/g;
  const pieces = [...document.matchAll(whole)].map(([text]) => text).filter((text) => text.endsWith(">"));
  let state = 7;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let round = 0; round < 500; round += 1) {
    let edited = document;
    for (let edits = random(4); edits > 0; edits -= 1) {
      const [from = "", to = ""] = [pieces[random(pieces.length)], pieces[random(pieces.length)]];
      edited = edited.replace(from, random(2) === 0 ? to : random(2) === 0 ? "" : from + to);
    }
    let alone: unknown;
    try {
      alone = plain(parseAnyXml(edited));
    } catch {
      assert.throws(() => parse(edited), /malformed/);
      continue;
    }
    assert.deepEqual(plain(parse(edited)), alone);
  }
});

test("the error for a document of libvirt's names the document, and says what to do", () => {
  assert.throws(
    () => parseXml("<secret><usage type=volume/></secret>", "The description of secret 5b1d"),
    ({ diagnostics }: CodedError) =>
      diagnostics[0]?.code === "xml-malformed" &&
      /^The description of secret 5b1d is malformed: /.test(diagnostics[0].summary) &&
      /journalctl -u libvirtd/.test(diagnostics[0].detail),
  );
  assert.throws(() => guestCapabilities("<domainCapabilities>"), /The description of what guests of the host can have is malformed/);
});
