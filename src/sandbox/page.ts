// The page at `/`: what this is, its numbers, and where to steer it.
import type { World } from './world.js';

const CONTROLS = ['state', 'messages', 'webhooks', 'faults', 'clock', 'snapshot'];

/** The page as HTML. */
export function renderPage(world: World): string {
  const numbers = [...world.numbers.values()].map(
    ({ number, phoneNumberId, wabaId, throughput }) =>
      `<tr><td>+${escapeHtml(number)}<td>${escapeHtml(phoneNumberId)}<td>${escapeHtml(wabaId)}<td>${throughput}/s`,
  );
  const links = CONTROLS.map((name) => `<li><a href="/_sandbox/${name}">/_sandbox/${name}</a>`);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Parley sandbox</title>
<style>body{font:16px/1.5 system-ui;margin:2rem;max-width:60rem}td,th{text-align:left;padding:.2rem 1rem .2rem 0}</style>
<h1>Parley sandbox</h1>
<p>A stand-in for Meta's WhatsApp Cloud API. Point a Cloud API program at this address instead of graph.facebook.com.</p>
<h2>Numbers</h2>
${numbers.length === 0 ? '<p>None yet: POST /_sandbox/wabas makes some.</p>' : `<table><tr><th>Number<th>Phone number id<th>WABA<th>Throughput${numbers.join('')}</table>`}
<h2>Control</h2>
<ul>${links.join('')}</ul></html>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
