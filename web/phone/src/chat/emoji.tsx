// A small grid of emoji: those that chats are made of.
import { texts } from '../texts.js';

const EMOJI =
  '😀 😃 😄 😁 😅 😂 🤣 😊 😇 🙂 🙃 😉 😌 😍 🥰 😘 😋 😛 😜 🤪 🤔 🤨 😐 😏 😒 🙄 😬 😔 😴 🤒 🤕 🤧 🥵 🥶 😎 🤓 😕 😟 🙁 😮 😳 🥺 😢 😭 😱 😞 😩 🥱 😤 😡 🤬 💀 👻 🤖 👍 👎 👌 ✌️ 🤞 🤟 🤙 👋 🙌 👏 🙏 💪 ❤️ 🧡 💛 💚 💙 💜 🖤 💔 💯 💥 🔥 ✨ 🎉 🎂 🎁 ⭐ ☀️ 🌧️ 🌈 🍕 🍔 🍎 ☕ 🍺 🍷 🚀 ✈️ 🚗 🏠 📱 💻 📷 📎 📌 🔑 ⏰ ✅ ❌ ❓ ❗'.split(
    ' ',
  );

/** Calls `choose` with each emoji that is pressed. */
export function EmojiGrid({ choose }: { choose(emoji: string): void }) {
  return (
    <fieldset class="emoji-grid" aria-label={texts.sheets.emoji}>
      {EMOJI.map((emoji) => (
        <button key={emoji} type="button" onClick={() => choose(emoji)}>
          {emoji}
        </button>
      ))}
    </fieldset>
  );
}
