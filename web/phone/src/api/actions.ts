// What a user can do, as calls of the control API.
import type { Message, User } from '../state/model.js';
import { call, get } from './client.js';

/** Where a message goes. */
export interface Address {
  user: string;
  phoneNumberId: string;
}

/** The files a message may carry. */
export type FileKind = 'image' | 'video' | 'audio' | 'document' | 'sticker';

/** Sends one of Meta's inbound fragments; `quoted` is the message it answers. */
export function say(to: Address, fragment: Record<string, unknown>, quoted?: string): Promise<unknown> {
  return call('POST', `/users/${to.user}/messages`, {
    ...fragment,
    ...contextOf(quoted),
    phoneNumberId: to.phoneNumberId,
  });
}

/** Sends a file. */
export function sendFile(
  to: Address,
  file: File,
  { kind, caption, voice = false }: { kind: FileKind; caption?: string; voice?: boolean },
  quoted?: string,
): Promise<unknown> {
  const detail = {
    ...(caption === undefined || caption === '' ? {} : { caption }),
    ...(kind === 'document' ? { filename: file.name } : {}),
    ...(kind === 'audio' && voice ? { voice } : {}),
  };
  const form = new FormData();
  const message = { type: kind, [kind]: detail, ...contextOf(quoted), phoneNumberId: to.phoneNumberId };
  form.append('message', JSON.stringify(message));
  form.append('file', file, file.name);
  return call('POST', `/users/${to.user}/messages`, form);
}

function contextOf(quoted: string | undefined): Record<string, unknown> {
  return quoted === undefined ? {} : { context: { id: quoted } };
}

/** Reacts with an emoji; an empty one takes the reaction back. */
export function react(to: Address, message: Message, emoji: string): Promise<unknown> {
  return say(to, { type: 'reaction', reaction: { message_id: message.id, emoji } });
}

/** Reads what is in the chat. */
export function readChat(to: Address): Promise<unknown> {
  return call('POST', `/users/${to.user}/read`, { phoneNumberId: to.phoneNumberId });
}

/** Changes what a user is like. */
export function changeUser(number: string, patch: Partial<Omit<User, 'number'>>): Promise<unknown> {
  return call('PUT', `/users/${number}`, patch);
}

/** Moves the user to another number; resolves with nothing of interest. */
export function changeNumber(number: string, next: string): Promise<unknown> {
  return call('POST', `/users/${number}/change-number`, { number: next });
}

/** Pays the order of a message. */
export function pay(user: string, wamid: string, status: 'captured' | 'failed'): Promise<unknown> {
  return call('POST', `/users/${user}/pay`, { id: wamid, status });
}

/** Decides on a template. */
export function review(id: string, body: Record<string, unknown>): Promise<unknown> {
  return call('POST', `/templates/${id}/review`, body);
}

/** Moves a message on by hand. */
export function moveOn(wamid: string, body: Record<string, unknown>): Promise<unknown> {
  return call('POST', `/messages/${encodeURIComponent(wamid)}/status`, body);
}

/** The webhooks that tell of a message. */
export function webhooksOf(wamid: string): Promise<unknown> {
  return get(`/webhooks?order=desc&limit=50&message=${encodeURIComponent(wamid)}`);
}
