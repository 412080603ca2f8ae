// Conversations -> the prompt that a model was trained on, by the template that comes with it. A file of its own, because few
// pages need it.
import { Template } from '@huggingface/jinja';
import type { ChatMessage } from '../types/generation.js';

/** Throws what is wrong with the template, or what it does not allow. `tokens`: bos_token and so on. */
export function renderChat(
  template: string,
  messages: readonly ChatMessage[],
  tokens: Readonly<Record<string, string>>,
): string {
  return new Template(template).render({
    ...tokens,
    messages: messages.map((each) => ({ ...each })),
    add_generation_prompt: true,
  });
}
