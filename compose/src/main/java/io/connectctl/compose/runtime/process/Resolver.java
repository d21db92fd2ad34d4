package io.connectctl.compose.runtime.process;

import org.eclipse.aether.RepositorySystemSession;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.spi.connector.checksum.ChecksumPolicy;
import org.eclipse.aether.spi.connector.checksum.ChecksumPolicyProvider;
import org.eclipse.aether.supplier.RepositorySystemSupplier;
import org.eclipse.aether.transfer.ChecksumFailureException;
import org.eclipse.aether.transfer.TransferResource;

/**
 * maven-resolver, but for one rule: what has a wrong checksum is refused, and what has none is taken. Its own policies know
 * only both or neither; Maven's default is neither, and plain file servers that mirror a repository often hold no checksums.
 */
final class Resolver extends RepositorySystemSupplier {
    @Override
    protected ChecksumPolicyProvider createChecksumPolicyProvider() {
        ChecksumPolicyProvider own = super.createChecksumPolicyProvider();
        return new ChecksumPolicyProvider() {
            @Override
            @org.jspecify.annotations.Nullable
            public ChecksumPolicy newChecksumPolicy(
                    RepositorySystemSession session,
                    RemoteRepository repository,
                    TransferResource resource,
                    String policy) {
                ChecksumPolicy strict = own.newChecksumPolicy(session, repository, resource, policy);
                return strict == null ? null : new Lenient(strict);
            }

            @Override
            public String getEffectiveChecksumPolicy(RepositorySystemSession session, String one, String other) {
                return own.getEffectiveChecksumPolicy(session, one, other);
            }
        };
    }

    /** Decides as another policy does, but takes what has no checksum. */
    private record Lenient(ChecksumPolicy strict) implements ChecksumPolicy {
        @Override
        public boolean onChecksumMatch(String algorithm, ChecksumKind kind) {
            return strict.onChecksumMatch(algorithm, kind);
        }

        @Override
        public void onChecksumMismatch(String algorithm, ChecksumKind kind, ChecksumFailureException failure)
                throws ChecksumFailureException {
            strict.onChecksumMismatch(algorithm, kind, failure);
        }

        @Override
        public void onChecksumError(String algorithm, ChecksumKind kind, ChecksumFailureException failure)
                throws ChecksumFailureException {
            strict.onChecksumError(algorithm, kind, failure);
        }

        @Override
        public void onNoMoreChecksums() {
            // That the jars are whole archives is seen when they are stored.
        }

        @Override
        public void onTransferRetry() {
            strict.onTransferRetry();
        }

        @Override
        public boolean onTransferChecksumFailure(ChecksumFailureException failure) {
            return strict.onTransferChecksumFailure(failure);
        }
    }
}
