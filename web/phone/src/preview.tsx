// Starts the page of a preview: one flow, for whoever has its link, without the rest of the phone.
import './style/base.css';
import './style/phone.css';
import { render } from 'preact';
import { Preview } from './flow-view/preview.js';

document.documentElement.dataset.theme = 'auto';
const root = document.getElementById('app');
root?.replaceChildren();
if (root !== null) render(<Preview />, root);
