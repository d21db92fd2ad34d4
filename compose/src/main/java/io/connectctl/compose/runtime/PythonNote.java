package io.connectctl.compose.runtime;

/**
 * Whether Python UDFs can work on a server, as far as it can be seen from outside.
 *
 * @param text one line for people: what was found, and what to do where something is missing
 * @param works false if it is a warning
 */
public record PythonNote(String text, boolean works) {}
