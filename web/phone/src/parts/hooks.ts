// Hooks that several screens use.
import { useEffect, useState } from 'preact/hooks';
import { sandboxNow } from '../state/sandbox.js';
import { toast } from '../state/toasts.js';
import { texts } from '../texts.js';

/** The sandbox's time, epoch ms; the component is drawn anew every `everyMs`. */
export function useNow(everyMs = 1000): number {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return sandboxNow();
}

/** Copies a text and says so. */
export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyByHand(text);
  }
  toast(texts.copied);
}

/** Pages that are not on localhost or HTTPS have no clipboard of their own. */
function copyByHand(text: string): void {
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

/** Hands a text to the browser as a file. */
export function saveFile(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
