// The text formatting that chats know: *bold*, _italic_, ~strike~, `code`, ```mono```, lists, quotes and links.

/** A piece of a line. */
export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'link'; text: string; href: string }
  | { kind: 'code' | 'mono'; text: string }
  | { kind: 'bold' | 'italic' | 'strike'; parts: Inline[] };

/** A block of a message. */
export type Block =
  | { kind: 'paragraph' | 'quote'; parts: Inline[] }
  | { kind: 'bullets' | 'numbers'; items: Inline[][]; start: number }
  | { kind: 'pre'; text: string };

const STYLES = { '*': 'bold', _: 'italic', '~': 'strike' } as const;
/** A host without `https://` or `www.` is one only with a path behind it. */
const LINK = /^(https?:\/\/|www\.|([a-z\d]([a-z\d-]{0,61}[a-z\d])?\.){1,8}[a-z]{2,24}\/)[^\s<>"]+/i;
const LINK_END = /[.,;:!?)\]}'"]+$/;
const DEPTH_MAX = 4;

/** The blocks of a text. Line breaks within a paragraph stay in its texts. */
export function parseMarkup(text: string): Block[] {
  const blocks: Block[] = [];
  let from = 0;
  for (const { 0: fence, 1: inside = '', index } of text.matchAll(/```([\s\S]+?)```/g)) {
    const to = index + fence.length;
    // Within a line it is a piece of that, like any other.
    const isAlone = /\n|^$/.test(text[index - 1] ?? '') && /\n|^$/.test(text[to] ?? '');
    if (inside.trim() === '' || !(isAlone || inside.includes('\n'))) continue;
    if (index > from) blocks.push(...parseLines(text.slice(from, index)));
    blocks.push({ kind: 'pre', text: inside.replace(/^\n|\n$/g, '') });
    from = to;
  }
  if (from < text.length) blocks.push(...parseLines(text.slice(from)));
  return blocks;
}

function parseLines(text: string): Block[] {
  const blocks: Block[] = [];
  for (const line of text.split('\n')) addLine(blocks, line);
  return blocks.filter((block, index) => !isBlank(block) || (index > 0 && index < blocks.length - 1));
}

function isBlank(block: Block): boolean {
  return block.kind === 'paragraph' && block.parts.every((part) => part.kind === 'text' && part.text === '');
}

function addLine(blocks: Block[], line: string): void {
  const last = blocks.at(-1);
  const bullet = /^[-*•] +(\S.*)$/.exec(line)?.[1];
  const [, digits = '', item] = /^(\d{1,3})\. +(\S.*)$/.exec(line) ?? [];
  const quote = /^> ?(.*)$/.exec(line)?.[1];
  if (bullet !== undefined) addItem(blocks, 'bullets', bullet, 1);
  else if (item !== undefined) addItem(blocks, 'numbers', item, Number(digits));
  else if (quote !== undefined) addTo(blocks, last, 'quote', quote);
  else addTo(blocks, last, 'paragraph', line);
}

function addItem(blocks: Block[], kind: 'bullets' | 'numbers', text: string, start: number): void {
  const last = blocks.at(-1);
  if (last?.kind === kind) last.items.push(parseInline(text));
  else blocks.push({ kind, items: [parseInline(text)], start });
}

function addTo(blocks: Block[], last: Block | undefined, kind: 'paragraph' | 'quote', text: string): void {
  if (last?.kind === kind) last.parts.push({ kind: 'text', text: '\n' }, ...parseInline(text));
  else blocks.push({ kind, parts: parseInline(text) });
}

/** The pieces of one line. */
function parseInline(text: string, depth = 0): Inline[] {
  const parts: Inline[] = [];
  let plain = '';
  const flush = () => {
    if (plain !== '') parts.push({ kind: 'text', text: plain });
    plain = '';
  };
  for (let index = 0; index < text.length; ) {
    const found = depth < DEPTH_MAX ? pieceAt(text, index, depth) : undefined;
    if (found === undefined) {
      plain += text[index];
      index += 1;
      continue;
    }
    flush();
    parts.push(found.part);
    index += found.length;
  }
  flush();
  return parts.length === 0 ? [{ kind: 'text', text: '' }] : parts;
}

function pieceAt(text: string, index: number, depth: number): { part: Inline; length: number } | undefined {
  const before = text[index - 1] ?? ' ';
  if (/[\p{L}\p{N}]/u.test(before)) return undefined;
  return linkAt(text, index) ?? codeAt(text, index) ?? styledAt(text, index, depth);
}

function linkAt(text: string, index: number): { part: Inline; length: number } | undefined {
  const found = LINK.exec(text.slice(index))?.[0].replace(LINK_END, '');
  if (found === undefined) return undefined;
  const isBare = !/^(https?:\/\/|www\.)/i.test(found);
  if (isBare && /[@.\-/]/.test(text[index - 1] ?? ' ')) return undefined;
  const href = /^https?:\/\//i.test(found) ? found : `https://${found}`;
  return URL.canParse(href) ? { part: { kind: 'link', text: found, href }, length: found.length } : undefined;
}

function codeAt(text: string, index: number): { part: Inline; length: number } | undefined {
  if (text[index] !== '`') return undefined;
  const fenceEnd = text.startsWith('```', index) ? text.indexOf('```', index + 3) : -1;
  const mono = text.slice(index + 3, fenceEnd);
  if (fenceEnd >= 0 && mono.trim() !== '') return { part: { kind: 'mono', text: mono }, length: mono.length + 6 };
  const end = text.indexOf('`', index + 1);
  const code = text.slice(index + 1, end);
  return end < 0 || code.trim() === '' ? undefined : { part: { kind: 'code', text: code }, length: code.length + 2 };
}

function styledAt(text: string, index: number, depth: number): { part: Inline; length: number } | undefined {
  const mark = text[index];
  if (mark !== '*' && mark !== '_' && mark !== '~') return undefined;
  for (let end = text.indexOf(mark, index + 1); end > 0; end = text.indexOf(mark, end + 1)) {
    const inner = text.slice(index + 1, end);
    const isEnd = inner !== '' && inner.trim() === inner && !/[\p{L}\p{N}]/u.test(text[end + 1] ?? ' ');
    if (!isEnd) continue;
    return { part: { kind: STYLES[mark], parts: parseInline(inner, depth + 1) }, length: inner.length + 2 };
  }
  return undefined;
}

/** The first link of a text; undefined when there is none. */
export function firstLink(text: string): string | undefined {
  const [found] = parseInline(text.replaceAll('\n', ' ')).flatMap((part) => (part.kind === 'link' ? [part.href] : []));
  return found;
}

/** The text without its marks, in one line: for previews and quotes. */
export function plainText(text: string): string {
  return text
    .replace(/```|(?<![\p{L}\p{N}])[*_~`](?=\S)|(?<=\S)[*_~`](?![\p{L}\p{N}])/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
}
