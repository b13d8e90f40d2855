// Starts the page.
import './style/base.css';
import './style/phone.css';
import './style/bubbles.css';
import './style/sheets.css';
import './style/curtain.css';
import { render } from 'preact';
import { App } from './app.js';
import { follow } from './state/following.js';

const root = document.getElementById('app');
// What the HTML shows at once gives way to the real page.
root?.replaceChildren();
if (root !== null) render(<App />, root);
follow();
