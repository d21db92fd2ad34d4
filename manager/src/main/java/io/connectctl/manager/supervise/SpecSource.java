package io.connectctl.manager.supervise;

import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.Secrets;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.SpecReader;
import io.connectctl.compose.spec.lint.Linter;
import java.util.Map;

/** How declarations are read and their secrets kept apart; tests of supervision give a simple one. */
interface SpecSource {
    /** The real one. */
    SpecSource REAL = new SpecSource() {
        @Override
        public SpecReader.Reading read(ServerName name, Declaration declaration) {
            return Linter.read(name, declaration);
        }

        @Override
        public SpecReader.Reading readAccepted(ServerName name, Declaration declaration) {
            return SpecReader.readAccepted(name, declaration);
        }

        @Override
        public Secrets.Split split(Declaration declaration) {
            return Secrets.split(declaration);
        }

        @Override
        public Declaration join(Declaration declaration, Map<String, String> secrets) {
            return Secrets.join(declaration, secrets);
        }
    };

    /** See {@link Linter#read}. */
    SpecReader.Reading read(ServerName name, Declaration declaration);

    /** See {@link SpecReader#readAccepted}. */
    SpecReader.Reading readAccepted(ServerName name, Declaration declaration);

    /** See {@link Secrets#split}. */
    Secrets.Split split(Declaration declaration);

    /** See {@link Secrets#join}. */
    Declaration join(Declaration declaration, Map<String, String> secrets);
}
