package io.connectctl.compose.runtime;

import java.nio.file.Path;

/**
 * The Java that a server is run on where its declaration names none.
 *
 * @param home the JDK's folder
 * @param version its feature version, such as 17
 * @param tested false if Spark doesn't support it: it was seen neither to work nor to fail
 */
public record JavaChoice(Path home, int version, boolean tested) {}
