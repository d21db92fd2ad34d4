package io.connectctl.compose.render;

/**
 * One rendered file.
 *
 * @param name its name in the conf folder
 * @param text its content; may hold secrets
 * @param executable whether it is run
 */
public record RenderedFile(String name, String text, boolean executable) {
    /** Without the text: it may hold secrets. */
    @Override
    public String toString() {
        return name + " (" + text.length() + " characters)";
    }
}
