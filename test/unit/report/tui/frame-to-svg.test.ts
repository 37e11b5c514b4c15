import assert from "node:assert/strict";
import { test } from "node:test";
import { frameToSvg } from "../../../support/frame-to-svg.ts";

test("text is placed cell by cell, with its colours, and nothing of it is markup", () => {
  const svg = frameToSvg("\u001b[1;32m+ a\u001b[0m <b> & c\nplain \u001b[38;5;196mred\u001b[39m \u001b[2mfaint\u001b[22m", {
    title: "a < b",
  });
  assert.match(svg, /^<svg [^>]*>\n<title>a &lt; b<\/title>/);
  assert.match(svg, /<text x="14" y="55.5" textLength="25.2" fill="#98c379" font-weight="bold">\+ a<\/text>/);
  assert.match(svg, /<text x="39.2" [^>]*> &lt;b&gt; &amp; c<\/text>/);
  assert.match(svg, /<text x="14" y="73.5" textLength="50.4">plain <\/text>/);
  assert.match(svg, /fill="#ff0000">red<\/text>/);
  assert.match(svg, /opacity="0.6">faint<\/text>/);
  assert.ok(!svg.includes("\u001b"));
});

test("a background lies under its text, inverse swaps the two, and a look lasts over the end of a line", () => {
  const svg = frameToSvg("\u001b[41mx\ny\u001b[0m \u001b[7mz\u001b[27m.");
  assert.equal(svg.match(/fill="#e06c75"\/><text/g)?.length, 2);
  assert.match(svg, /fill="#d7dae0"\/><text [^>]*fill="#14161b">z<\/text>/);
});

test("the picture has the width of the terminal if one is given", () => {
  assert.match(frameToSvg("x", { columns: 80 }), /width="700"/);
  assert.match(frameToSvg("12345"), /width="70"/);
});
