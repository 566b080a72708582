"""Colours, type and spacing of the pages: a lab instrument, not a landing page."""

from __future__ import annotations

import gradio as gr

FONT = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif"]
FONT_MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]
ACCENT, ACCENT_HOVER, ACCENT_DARK = "#1f5fbf", "#174a96", "#7fb2ff"


def theme() -> gr.themes.Base:
    """White or near-black ground, one accent colour, an 8 px grid; fonts that are on the reader's machine."""
    base = gr.themes.Base(
        primary_hue=gr.themes.colors.blue,
        neutral_hue=gr.themes.colors.slate,
        spacing_size=gr.themes.sizes.spacing_md,
        radius_size=gr.themes.sizes.radius_sm,
        text_size=gr.themes.sizes.text_md,
        font=FONT,
        font_mono=FONT_MONO,
    )
    return base.set(
        body_background_fill="#ffffff",
        body_background_fill_dark="#101318",
        body_text_color="#1b2430",
        body_text_color_dark="#e6eaf0",
        body_text_color_subdued="#4d5a6b",
        body_text_color_subdued_dark="#a7b3c4",
        block_background_fill="#ffffff",
        block_background_fill_dark="#101318",
        block_border_width="0px",
        block_label_text_color="#4d5a6b",
        block_info_text_color="#4d5a6b",
        block_info_text_color_dark="#a7b3c4",
        border_color_primary="#d5dce5",
        border_color_primary_dark="#323b49",
        button_primary_background_fill=ACCENT,
        button_primary_background_fill_hover=ACCENT_HOVER,
        button_primary_background_fill_dark=ACCENT,
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        color_accent=ACCENT,
        link_text_color=ACCENT,
        link_text_color_dark=ACCENT_DARK,
        link_text_color_visited=ACCENT,
        link_text_color_visited_dark=ACCENT_DARK,
        checkbox_background_color_selected=ACCENT,
        checkbox_border_color_selected=ACCENT,
        slider_color=ACCENT,
    )
