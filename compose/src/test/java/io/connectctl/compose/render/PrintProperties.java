package io.connectctl.compose.render;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** A program that prints the system properties {@code v.0}, {@code v.1} and so on, each ended by a NUL. */
final class PrintProperties {
    private PrintProperties() {}

    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (int i = 0; i < Integer.parseInt(arguments[0]); i++) {
            out.print(System.getProperty("v." + i));
            out.print('\0');
        }
    }
}
