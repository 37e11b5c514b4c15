import assert from "node:assert/strict";
import { test } from "node:test";
import { netrcLogin } from "../../../src/sources/netrc.ts";

test("a netrc file is read as curl reads it: quotes, comments, macros, and hosts in any case", () => {
  const login = { user: "u", password: "p" };
  for (const [text, expected] of [
    ["machine h.example login u password p", login],
    ["machine h.example account a\n  password p\n  login u # comment\n", login],
    ["# machine h.example login c password c\nmachine h.example login u password p", login],
    ["machine H.Example login u password p", login],
    ["macdef init\nmachine h.example login m password m\n\nmachine h.example login u password p", login],
    ["machine other login o password o\nmacdef init\r\nput machine\r\n\r\ndefault login u password p", login],
    ["default login d password d\nmachine h.example login u password p", login],
    ["machine h.example login u password p machine h.example login v password q", login],
    ['machine h.example login "a b" password "p\\"q"', { user: "a b", password: 'p"q' }],
    ["machine h.example login u password machine", { user: "u", password: "machine" }],
    ["machine h.example login u password macdef", { user: "u", password: "macdef" }],
    ["machine other login o password o", undefined],
    ["macdef init\nmachine h.example login m password m", undefined],
  ] as const) {
    assert.deepEqual(netrcLogin(text, "h.example"), expected, text);
  }
});
