package io.connectctl.compose.render;

/**
 * One template.
 *
 * @param name the name of the file it renders to
 * @param origin where it lies, for messages: a path, or {@code built-in default/entrypoint}
 * @param text its text
 */
record Template(String name, String origin, String text) {}
