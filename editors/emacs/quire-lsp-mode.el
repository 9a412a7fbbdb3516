;;; quire-lsp-mode.el --- Start quire-lsp by lsp-mode  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; This file is loaded when lsp-mode is, and not before.

;;; Code:

(require 'quire-client)
(require 'quire-run)
(require 'quire-show)

(defvar lsp-language-id-configuration)
(declare-function quire-mode "quire") ; is loaded by itself
(declare-function lsp-register-client "lsp-mode")
(declare-function lsp-request "lsp-mode")
(declare-function lsp-request-async "lsp-mode")
(declare-function lsp-stdio-connection "lsp-mode")
(declare-function lsp-workspaces "lsp-mode")
(declare-function lsp--buffer-uri "lsp-mode")
(declare-function lsp--client-server-id "lsp-mode")
(declare-function lsp--cur-position "lsp-mode")
(declare-function lsp--position-to-point "lsp-mode")
(declare-function lsp--uri-to-path "lsp-mode")
(declare-function lsp--workspace-client "lsp-mode")
(declare-function make-lsp-client "lsp-mode")

;;; Registration

(defun quire-lsp-mode--handlers ()
  "Return what takes up the notifications of the server."
  (let ((table (make-hash-table :test #'equal)))
    (dolist (method quire-run-methods table)
      (puthash method (lambda (_workspace params) (quire-run-notify method params)) table))))

(defun quire-lsp-mode--actions ()
  "Return functions for the commands of lenses and actions.
By itself, lsp-mode would wait for their results, and when it has one
it forgets what came with it: that the run has started."
  (let ((table (make-hash-table :test #'equal)))
    (dolist (command '("quire.run" "quire.rerunLast" "quire.dryRun" "quire.cancel" "quire.showLog" "quire.graph") table)
      (puthash command
               (lambda (action)
                 (quire-client-execute (quire-get action :command) (quire-get action :arguments)))
               table))))

(defun quire-lsp-mode--show-document (_workspace params)
  "Show the document that PARAMS name in another window."
  (quire-show-file (lsp--uri-to-path (quire-get params :uri)))
  '(:success t))

(defun quire-lsp-mode--register ()
  "Have lsp-mode start quire-lsp for Fennel files of repositories with a pipeline.
It comes before other servers for Fennel."
  (dolist (mode '(fennel-mode quire-fennel-mode))
    (add-to-list 'lsp-language-id-configuration (cons mode "fennel")))
  (let ((requests (make-hash-table :test #'equal)))
    (puthash "window/showDocument" #'quire-lsp-mode--show-document requests)
    (lsp-register-client
     (make-lsp-client
      :server-id 'quire
      :priority 1
      :new-connection (lsp-stdio-connection (lambda () quire-server-command))
      :activation-fn (lambda (file mode)
                       (and (memq mode '(fennel-mode quire-fennel-mode))
                            (locate-dominating-file file ".quire/ci.fnl")))
      :initialization-options (lambda () (or quire-settings (make-hash-table)))
      :custom-capabilities '((experimental . ((quire . ((runOutput . t) (runState . t) (runCommands . t))))))
      :action-handlers (quire-lsp-mode--actions)
      :notification-handlers (quire-lsp-mode--handlers)
      :request-handlers requests))))

(quire-lsp-mode--register)

;;; The client

(defun quire-lsp-mode--serving ()
  "Return non-nil when quire-lsp serves this buffer."
  (and (bound-and-true-p lsp-managed-mode)
       (seq-some (lambda (w) (eq (lsp--client-server-id (lsp--workspace-client w)) 'quire))
                 (lsp-workspaces))))

(push (quire-client-make
       :serving #'quire-lsp-mode--serving
       :request (lambda (method params) (lsp-request method params))
       :async (lambda (method params then)
                (lsp-request-async method params then :mode 'detached
                                   :error-handler (lambda (err) (message "quire: %s" (quire-get err :message)))))
       :uri (lambda () (lsp--buffer-uri))
       :path (lambda (uri) (lsp--uri-to-path uri))
       :position (lambda () (lsp--cur-position))
       :point (lambda (position) (lsp--position-to-point position)))
      quire-clients)

(defun quire-lsp-mode--managed ()
  "Set up a buffer that quire-lsp begins to serve, or ends to."
  (let ((serving (quire-lsp-mode--serving)))
    (when (or serving (bound-and-true-p quire-mode))
      (quire-mode (if serving 1 -1)))))

(add-hook 'lsp-managed-mode-hook #'quire-lsp-mode--managed)

(provide 'quire-lsp-mode)
;;; quire-lsp-mode.el ends here
