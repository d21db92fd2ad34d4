package io.connectctl.compose.runtime;

import io.connectctl.compose.spec.Declaration;
import java.util.Optional;

/**
 * What is told of a server by how it runs.
 *
 * @param declaration only what is sure; empty where nothing is
 * @param token what its clients must have, where that was found in the server itself
 */
public record Recalled(Declaration declaration, Optional<String> token) {
    /** Nothing is known. */
    public static final Recalled NOTHING = new Recalled(Declaration.empty(), Optional.empty());

    /** Without the token. */
    @Override
    public String toString() {
        return declaration.toString();
    }
}
