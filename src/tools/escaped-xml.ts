const impossible =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "&#10;",
  "\r": "&#13;",
  "\t": "&#9;",
};

/** Printable ASCII that needs no entity, which is nearly all there is: between double quotes, and between tags. */
const plainAttribute = /^[ !#-%'-;=?-~]*$/;
const plainText = /^[ -%'-;=?-~]*$/;

/** Text as it is written between double quotes. Throws a TypeError for characters that XML cannot represent: libvirt would drop them. */
export function escapedAttribute(text: string): string {
  if (plainAttribute.test(text)) return text;
  return checked(text).replace(/[&<>"\n\r\t]/g, (character) => entities[character] ?? character);
}

/** Text as it is written between tags. Throws a TypeError for characters that XML cannot represent: libvirt would drop them. */
export function escapedText(text: string): string {
  if (plainText.test(text)) return text;
  return checked(text).replace(/[&<>\r]/g, (character) => entities[character] ?? character);
}

function checked(text: string): string {
  if (impossible.test(text)) throw new TypeError(`XML cannot hold ${JSON.stringify(text)}`);
  return text;
}
